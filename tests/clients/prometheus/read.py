"""Reads metrics with the parsers of Prometheus' own client for Python.

    read.py prometheus|openmetrics FILE

Prints a list of samples, each with the metric it is of, its type, its help, its
own name, its labels and its value, as JSON.
"""

import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

PARSERS = {
    "prometheus": parser.text_string_to_metric_families,
    "openmetrics": openmetrics.text_string_to_metric_families,
}


def main(which, file):
    with open(file, encoding="utf-8") as text:
        families = PARSERS[which](text.read())
    samples = [
        {
            "metric": family.name,
            "type": family.type,
            "help": family.documentation,
            "name": sample.name,
            "labels": sample.labels,
            "value": sample.value,
        }
        for family in families
        for sample in family.samples
    ]
    print(json.dumps(samples))


main(*sys.argv[1:])
