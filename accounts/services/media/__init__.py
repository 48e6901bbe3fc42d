"""The media library: pictures read and written anew, kept, found, and used."""
