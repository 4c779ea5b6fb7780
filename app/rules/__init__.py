"""The rule files that Orderway comes with. A setting can name others."""
