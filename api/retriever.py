"""Waypost as a retriever of llama-index, over HTTP: `pip install waypost[llama-index]`, then

    retriever = WaypostRetriever(WaypostClient("http://127.0.0.1:8765", token), k=5)
    nodes = retriever.retrieve("stuck state lock")

Each node's metadata is what a citation needs: source, path, title, lines, pinned link, version, owner. Nothing of Waypost imports
this.
"""

from __future__ import annotations

from collections.abc import Iterable

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from api.client import WaypostClient

CITED = (
    "source", "path", "title", "heading", "kind", "start_line", "end_line", "url", "version", "updated_at", "owner", "place",
    "document_id",
)  # fmt: skip


class WaypostRetriever(BaseRetriever):
    """The best k passages for a question, of what the client's caller may read."""

    def __init__(
        self, client: WaypostClient, k: int = 10, *, sources: Iterable[str] = (), kinds: Iterable[str] = (),
        paths: Iterable[str] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self._client = client
        self._k = k
        self._sources, self._kinds, self._paths = tuple(sources), tuple(kinds), tuple(paths)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._client.search(
            query_bundle.query_str, k=self._k, sources=self._sources, kinds=self._kinds, paths=self._paths
        )
        nodes = []
        for result in found["results"]:
            cited = {name: value for name, value in result.items() if name in CITED}
            unseen = [name for name in CITED if name not in ("title", "heading", "path")]  # by embedders and models
            node = TextNode(
                id_=result["id"], text=result["text"], metadata=cited, excluded_embed_metadata_keys=unseen,
                excluded_llm_metadata_keys=unseen,
            )  # fmt: skip
            nodes.append(NodeWithScore(node=node, score=result["score"]))
        return nodes
