"""Warnings about architectures as their libraries draw them, each with its reason."""

# an architecture or a library, and the rule -> why it is said, and why it is left
KNOWN: dict[tuple[str, str], str] = {
    ("cait_xxs24_224", "signal"): (
        "True at the start: the token of the class is the same for all images, and what it reads "
        "of them is scaled by 1e-5"
    ),
    ("timm", "outliers"): (
        "True: its truncated normal gives the bound 2 where the uniform number behind it is "
        "exactly -1; which layer it hits is chance"
    ),
}


def reason(architecture: str, library: str, rule: str) -> str:
    """Why a warning is left; empty for one that nobody has explained."""
    return KNOWN.get((architecture, rule)) or KNOWN.get((library, rule), "")
