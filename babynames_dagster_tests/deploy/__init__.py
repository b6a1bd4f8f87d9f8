"""The deployment files: valid by the tools that their users trust, and true about the package."""
