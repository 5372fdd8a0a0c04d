"""Sources of observations, bulletins, warnings and maps: folders of one shape.

A connector is a folder with a `manifest.toml`, a module `connector.py` with the class `Connector`,
and `examples/` that the contract reads. Built-in ones and a stranger's use the same door; see
`rencheng.connectors.shape` for what they exchange and `rencheng.connectors.contract` for what each
of them must hold.
"""
