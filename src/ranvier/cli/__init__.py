"""The command line: `main` and one file a verb. A verb's file, and with it torch, is loaded when the verb is typed."""
