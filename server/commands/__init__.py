"""What the ``wangge`` commands do; ``server.cli`` only names them and their options."""
