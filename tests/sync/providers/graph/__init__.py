"""Tests of the Microsoft Graph adapter."""
