"""Keys and tokens that say whose they are: each begins (or is written) as nothing else is."""

from __future__ import annotations

from timetracer_otel.redaction.kinds.kind import Kind
from timetracer_otel.redaction.pseudonyms import Noise, alike

__all__ = ["VENDORS"]

_BASE_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _base_32(value: str, noise: Noise) -> str:
    return "".join(_BASE_32[noise.byte() % 32] for _ in value)


def _begins(
    name: str, needs: str | tuple[str, ...], pattern: str, words: tuple[str, ...] = ()
) -> Kind:
    """A kind that is known by how it begins; nothing that goes on may follow it."""
    literals = (needs,) if isinstance(needs, str) else needs
    whole = rf"{pattern}(?![A-Za-z0-9])"
    return Kind(name, "secret", words=words, needs=literals, pattern=whole, shape=alike)


VENDORS = (
    Kind(
        "AWS access key",
        "secret",
        words=("aws access key id", "access key id", "awsaccesskeyid"),
        needs=("AKIA", "ASIA", "ABIA", "ACCA"),
        pattern=r"(?:AKIA|ASIA|ABIA|ACCA)(?P<s>[A-Z2-7]{16})(?![A-Za-z0-9])",
        shape=_base_32,
    ),
    Kind(
        "AWS secret key",
        "secret",
        words=("aws secret access key", "aws secret key"),
        needs=("aws", "AWS"),
        pattern=r"[aA][wW][sS][^\n]{0,30}?(?i:secret|sk)[^\n]{0,30}?[\"' =:](?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        shape=alike,
    ),
    Kind(
        "AWS signature",
        "secret",
        needs=("AWS4-HMAC-SHA256",),
        pattern=r"AWS4-HMAC-SHA256[^\n]{0,600}?Signature=(?P<s>[0-9a-f]{64})",
    ),
    _begins(
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        r"gh[pousr]_(?P<s>[A-Za-z0-9]{36,251})",
    ),
    _begins(
        "GitHub fine-grained token",
        "github_pat_",
        r"github_pat_(?P<s>[A-Za-z0-9]{20,24}_[A-Za-z0-9]{40,60})",
    ),
    _begins(
        "GitLab token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-"),
        r"gl(?:pat|dt|rt|cbt|ptt)-(?P<s>[A-Za-z0-9_-]{20,50})",
    ),
    _begins("Slack token", "xox", r"xox[abeoprs]-(?P<s>[A-Za-z0-9-]{10,250})"),
    _begins(
        "Slack webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<s>[A-Za-z0-9/_-]{20,120})",
    ),
    _begins(
        "Stripe key",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        r"[rs]k_(?:live|test)_(?P<s>[A-Za-z0-9]{16,250})",
    ),
    _begins("webhook secret", "whsec_", r"whsec_(?P<s>[A-Za-z0-9+/=]{24,80})"),
    _begins("Google API key", "AIza", r"AIza(?P<s>[A-Za-z0-9_-]{35})"),
    _begins(
        "Google OAuth token",
        ("ya29.", "GOCSPX-"),
        r"(?:ya29\.|GOCSPX-)(?P<s>[A-Za-z0-9_-]{20,400})",
    ),
    Kind(
        "Azure storage key",
        "secret",
        needs=("AccountKey=", "SharedAccessKey="),
        pattern=r"(?:Account|SharedAccess)Key=(?P<s>[A-Za-z0-9+/]{40,90}={0,2})",
        shape=alike,
    ),
    Kind(
        "Azure SAS signature",
        "secret",
        needs=("sig=",),
        pattern=r"[?&]sig=(?P<s>[A-Za-z0-9%+/]{30,100}={0,2})",
        shape=alike,
    ),
    _begins("Twilio key", ("SK", "AC"), r"(?:SK|AC)(?P<s>[0-9a-f]{32})"),
    _begins("SendGrid key", "SG.", r"SG\.(?P<s>[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64})"),
    _begins("Mailgun key", "key-", r"key-(?P<s>[0-9a-f]{32})"),
    _begins("Mailchimp key", "-us", r"(?P<s>[0-9a-f]{32})-us\d{1,2}"),
    _begins("npm token", "npm_", r"npm_(?P<s>[A-Za-z0-9]{36})"),
    _begins("PyPI token", "pypi-", r"pypi-(?P<s>AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,300})"),
    _begins("Docker token", "dckr_pat_", r"dckr_pat_(?P<s>[A-Za-z0-9_-]{20,60})"),
    _begins(
        "DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), r"do[opr]_v1_(?P<s>[0-9a-f]{64})"
    ),
    _begins(
        "OpenAI key", "sk-", r"sk-(?!ant-)(?:proj-|svcacct-|admin-)?(?P<s>[A-Za-z0-9_-]{20,200})"
    ),
    _begins("Anthropic key", "sk-ant-", r"sk-ant-(?P<s>[A-Za-z0-9_-]{20,200})"),
    _begins("Hugging Face token", "hf_", r"hf_(?P<s>[A-Za-z0-9]{30,50})"),
    _begins("Telegram bot token", ":AA", r"\d{8,10}:(?P<s>AA[A-Za-z0-9_-]{33})"),
    Kind(
        "Discord token",
        "secret",
        needs=("discord", "Bot "),
        pattern=r"(?:discord(?:app)?\.com/api/webhooks/\d{17,20}/(?P<s>[A-Za-z0-9_-]{60,80})"
        r"|Bot [MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})",
        shape=lambda value, noise: (
            value[:4] + alike(value[4:], noise) if value[:4] == "Bot " else alike(value, noise)
        ),
    ),
    _begins(
        "Shopify token",
        ("shpat_", "shpss_", "shpca_", "shppa_"),
        r"shp(?:at|ss|ca|pa)_(?P<s>[0-9a-fA-F]{32})",
    ),
    _begins("Square token", ("sq0", "EAAA"), r"(?:sq0[a-z]{3}-|EAAA)(?P<s>[A-Za-z0-9_-]{22,60})"),
    _begins("Databricks token", "dapi", r"dapi(?P<s>[0-9a-f]{32})(?:-\d)?"),
    _begins("Vault token", ("hvs.", "hvb.", "hvr."), r"hv[sbr]\.(?P<s>[A-Za-z0-9_-]{24,300})"),
    _begins("New Relic key", ("NRAK-", "NRII-"), r"NR(?:AK|II)-(?P<s>[A-Za-z0-9_-]{27,32})"),
    _begins("Grafana token", ("glsa_", "glc_"), r"gl(?:sa|c)_(?P<s>[A-Za-z0-9+/_=]{32,400})"),
    _begins("Linear key", "lin_api_", r"lin_api_(?P<s>[A-Za-z0-9]{40})"),
    _begins("Postman key", "PMAK-", r"PMAK-(?P<s>[0-9a-f]{24}-[0-9a-f]{34})"),
    _begins("Doppler token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?P<s>[A-Za-z0-9.]{40,60})"),
    _begins("Notion token", ("ntn_", "secret_"), r"(?:ntn_|secret_)(?P<s>[A-Za-z0-9]{40,60})"),
    _begins("Sentry token", ("sntrys_", "sntryu_"), r"sntry[su]_(?P<s>[A-Za-z0-9+/=_]{40,400})"),
    _begins(
        "PayPal token",
        "access_token$",
        r"access_token\$(?:production|sandbox)\$(?P<s>[0-9a-z]{16}\$[0-9a-f]{32})",
    ),
    _begins("age key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1(?P<s>[A-Z0-9]{58})"),
)
