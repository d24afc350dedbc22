"""The catalog is the truth: sources, documents, passages, embeddings, the ledger and the change log.

`Catalog` reads, `CatalogWriter` (in `writer`) writes within one transaction; the indexes follow the change log.
"""

from rag.catalog.reader import Catalog, Change, SourceRow
from rag.catalog.writer import CatalogWriter
from rag.records import PassageDraft

__all__ = ["Catalog", "CatalogWriter", "Change", "PassageDraft", "SourceRow"]
