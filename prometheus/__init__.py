"""The recording and alerting rules, written as code so that every copy of them comes from one place."""
