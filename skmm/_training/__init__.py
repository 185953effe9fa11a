"""From rows to a fitted model: preparation, heads, net, mixture."""
