"""The indexes: projections of the catalog that can always be made anew from it."""
