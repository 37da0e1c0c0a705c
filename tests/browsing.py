"""The browser of the tests: the system's Chromium, headless, asking nobody for anything."""

import re
import shutil

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# What Playwright turns off, whose list this one replaces; and the new frame for every page, which
# takes a sixth of the work of opening it.
TURNED_OFF = (
    "AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,"
    "DestroyProfileOnBrowserClose,HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,"
    "MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,PreconnectToSearch,"
    "RenderDocument,ThirdPartyStoragePartitioning"
)
FLAGS = [
    f"--disable-features={TURNED_OFF}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def launch(playwright, *flags, **settings):
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags], **settings)


def listen(page, origin, complaints):
    """Notes what the page complains of, and whom it asks for anything but this origin.

    Returns what ends that.
    """
    heard = {
        "console": lambda m: m.type in ("error", "warning") and complaints.append(m.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "request": lambda r: (
            r.url.startswith((origin, "data:", "blob:", "about:")) or complaints.append(r.url)
        ),
    }
    for event, note in heard.items():
        page.on(event, note)
    return lambda: [page.remove_listener(event, note) for event, note in heard.items()]


def contrast(one, other):
    """The contrast of two colours, `rgb(r, g, b)` or `#rrggbb` (WCAG 2.2, relative luminance)."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    numbers = map(float, re.findall(r"[\d.]+", colour)[:3])
    rgb = [c / 255 for c in (bytes.fromhex(colour[1:]) if colour[0] == "#" else numbers)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
