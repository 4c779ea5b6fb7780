"""One async client per BSS backend, each speaking its TM Forum Open API; typed results, one typed failure.

Nothing here knows orders or the graph, and nothing but BackendFailure is raised.
"""
