"""What happens in Waypost, for whoever runs it: `audit` who was shown what (`chain` its file, `recorder` its writer),
`metrics` and `figures` for Prometheus, `logs`, `tracing`; `watch` sees every request. Faces tell of what they show by
`audit.shown`."""
