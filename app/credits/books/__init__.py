"""The books as a whole: every row proved at speed, the trial balance, the daily heads, the page that shows them."""
