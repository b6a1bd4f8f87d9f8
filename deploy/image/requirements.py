"""Print the requirements that setup.cfg has, with those of the extras named: `requirements.py setup.cfg a,b`."""

import configparser
import sys

config = configparser.ConfigParser()
config.read(sys.argv[1], encoding="utf-8")
extras = [name for name in sys.argv[2].split(",") if name]
parts = [config["options"]["install_requires"], *(config["options.extras_require"][name] for name in extras)]
sys.stdout.write("\n".join(part.strip() for part in parts) + "\n")
