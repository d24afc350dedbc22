"""Whether what was found speaks of what is asked, and how surely: the words of questions and texts compared."""
