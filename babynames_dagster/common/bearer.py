"""An access token as `requests` takes one."""

import requests
from requests.auth import AuthBase
from typing_extensions import override


class Bearer(AuthBase):
    """Sets the token on each request; with an auth object, requests does not look into ~/.netrc for another."""

    def __init__(self, token: str) -> None:
        """Take the token."""
        self._token = token

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
