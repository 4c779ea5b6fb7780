"""The mock BSS server: a small operator's eight backends over HTTP, with state, callbacks and faults on demand.

It stands for external company systems: it shares no code with the clients, and Orderway never imports it.
"""
