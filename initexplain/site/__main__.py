"""`python -m initexplain.site FOLDER...` rewrites the stale numbers of the pages in the folders."""

import sys

from initexplain.site.claims import rewrite_folders

sys.exit(rewrite_folders(sys.argv[1:]))
