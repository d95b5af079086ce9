"""The domain, pure: grid codes, the five-level hierarchy, record models with each field's merge
policy, event life cycle and permissions. Nothing here reads a file, a clock or a network, and
nothing here imports another room.
"""
