"""The command line: one verb a file, console.py alone prints, errors.py holds every refusal."""
