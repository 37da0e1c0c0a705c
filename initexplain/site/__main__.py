"""`python -m initexplain.site FOLDER...` rewrites the stale numbers of the pages in the folders."""

import sys

from initexplain.site.claims import rewrite_folders

# a locale that has no character for a number stops nothing
sys.stdout.reconfigure(errors=sys.stderr.errors)  # type: ignore[union-attr]  # it is no replacement
sys.exit(rewrite_folders(sys.argv[1:]))
