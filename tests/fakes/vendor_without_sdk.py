"""A driver whose vendor's Python package is not installed."""

import a_vendors_sdk  # type: ignore[import-not-found]  # that is the point

SDK = a_vendors_sdk
