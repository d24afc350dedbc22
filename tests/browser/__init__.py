"""The page in a real browser: `make test-browser`. Skipped where there is no Chromium."""
