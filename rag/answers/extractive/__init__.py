"""An answer in the documents' own words, when no model is at hand: pieces and procedures that are quoted."""
