"""Metrics as Prometheus would read them."""

from prometheus_client.parser import text_string_to_metric_families


def total(exposition: str, series: str, **labels: str) -> float:
    """The sum over the series of this name that have these labels; 0 when there is none."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == series and labels.items() <= sample.labels.items()
    )
