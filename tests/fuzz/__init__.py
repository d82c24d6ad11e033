"""
Requests that nobody thought of, against a running service: schemathesis reads the OpenAPI document.

    make fuzz       # long, on both databases, other requests each time
    make test       # a short run of always the same requests is among the tests
"""
