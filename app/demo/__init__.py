"""The demo: invented organisations with real specialities of real communes, and months of their life."""
