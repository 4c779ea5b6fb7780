"""The parts that `orderway dev` starts beside the gateway, each an operating system process of its own.

What a part is stands in `parts`, how processes are kept running in `processes`, all together in `development`.
Nothing of a real deployment is in here: there an operator's own means start `serve` and `worker`.
"""
