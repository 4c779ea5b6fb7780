"""Example operations: GraphiQL shows them, the demo places two of them, the tests run all of them."""
