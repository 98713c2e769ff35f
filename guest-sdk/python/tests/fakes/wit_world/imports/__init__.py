"""The interfaces of ostler:rpc."""
