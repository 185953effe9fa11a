"""Networks that packages or a hub carry: finding, loading, running, adapting them."""
