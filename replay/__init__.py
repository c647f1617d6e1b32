"""The same request again, with everything it asked answered from its cassette."""
