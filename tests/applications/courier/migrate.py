"""The migration: notes that it ran. MIGRATION makes it a bad one: `fail` ends with code 1, `hang` does not end."""

import os
import sys
import time

from store import connection

fault = os.environ.get("MIGRATION", "")
connection.incr("migrations")
if fault == "hang":
    print("courier: this migration is made to hang", flush=True)
    time.sleep(3600)
if fault == "fail":
    sys.exit("courier: this migration is made to fail")
time.sleep(float(os.environ.get("MIGRATION_SECONDS", "0")))
print("courier: migrated")
