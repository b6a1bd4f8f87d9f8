"""`make docs`: bring the documents of this checkout up to date that are made from the code."""

from babynames_dagster_tests.docs.commands import commands_text
from babynames_dagster_tests.docs.errors import errors_table
from babynames_dagster_tests.docs.markdown import CHECKOUT, write_text
from babynames_dagster_tests.docs.settings import env_example, settings_table

if __name__ == "__main__":
    write_text("docs/settings.md", "settings", settings_table())
    write_text("docs/errors.md", "errors", errors_table())
    write_text("docs/commands.md", "commands", commands_text())
    (CHECKOUT / ".env.example").write_text(env_example(), encoding="utf-8")
