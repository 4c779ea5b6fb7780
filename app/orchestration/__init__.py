"""Carries orders out over time: one Temporal workflow per order, a thin shell around `app.domain.plan.step`.

The only package that knows Temporal. Rules are the domain's, recording is `app.ordering.fulfil`'s.
"""
