"""From the places where knowledge lives to documents and passages in the catalog."""
