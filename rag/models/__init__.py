"""Language models behind the `ChatModel` port. `api.compose` picks one."""
