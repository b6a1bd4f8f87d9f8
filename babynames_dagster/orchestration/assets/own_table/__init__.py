"""An asset of somebody's own table: its fields, the asset with its checks, and the component for YAML."""
