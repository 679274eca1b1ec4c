"""The application as the `flask` command sees it: with database migrations, and patient with the database."""

from flask_migrate import Migrate

from microblog import create_app
from microblog.extensions import db

# A migration may take longer than any page may.
app = create_app({"DATABASE_READ_TIMEOUT": 0})
Migrate(app, db, render_as_batch=True)
