"""From what an owner writes to a program that fills one message per recipient.

`compiling.compile_content` turns Markdown, rich text, HTML or MJML with Liquid into finished sources (subject, HTML, text) and links;
`program.Program` parses those once and fills them per recipient. No models, no database.
"""
