"""Variables that are kept in AWS Secrets Manager, for machines that may read it and have no secrets mounted.

What belongs here: fetching one secret. What does not: what wins over it (`model.py`).
"""

import json
from collections.abc import Iterable

from babynames_dagster.errors import ErrorCode, PipelineError

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 10


def aws_texts(secret: str, known: Iterable[str]) -> dict[str, str]:
    """Return the texts of a secret whose value is a JSON object of variables, as AWS's console makes it.

    Region, credentials and endpoint are found by boto3's own chain: AWS_DEFAULT_REGION, a profile, the role of the
    machine or pod.

    Args:
        secret: Its name or ARN; blank for none.
        known: The variables that may be in it.

    Raises:
        PipelineError: INVALID_CONFIG where it can't be read, or is no such object.
    """
    if not secret:
        return {}
    try:
        found = json.loads(_value(secret))
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"AWS_SECRET={secret}: its value is no JSON object of variables.",
            remedy='Store it as key and value pairs: {"HUBSPOT_ACCESS_TOKEN": "..."}.',
        )
    texts = {str(name).upper(): text for name, text in found.items()}
    return {name: str(texts[name]) for name in known if texts.get(name) is not None}


def _value(secret: str) -> str:
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            "AWS_SECRET needs boto3, which is not installed.",
            remedy="Install it: `pip install '.[aws]'`.",
        ) from None
    limits = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    try:
        answer = boto3.client("secretsmanager", config=limits).get_secret_value(SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        raise PipelineError(
            ErrorCode.INVALID_CONFIG,
            f"AWS_SECRET={secret} can't be read: {error}",
            remedy="Correct AWS_SECRET or AWS_DEFAULT_REGION, or grant this role secretsmanager:GetSecretValue.",
        ) from None
    return str(answer.get("SecretString", ""))
