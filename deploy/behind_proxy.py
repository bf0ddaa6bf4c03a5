"""The academy behind one reverse proxy on this machine: `granian --interface wsgi deploy.behind_proxy:app`.

The proxy's word about who asks and by which scheme is taken from loopback only. Without it every visitor would
have the proxy's address: in the audit log, and where wrong passwords are counted.
"""

from __future__ import annotations

from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from app.factory import create_app

app = wrap_wsgi_with_proxy_headers(create_app(), trusted_hosts=["127.0.0.1", "::1"])
