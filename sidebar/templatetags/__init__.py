"""Small words of the templates: icons, dates as people say them, sizes, money."""
