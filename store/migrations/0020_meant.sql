-- For whom a customer was planted: the one candidate of a trace to whom it is shown, such
-- as 'login alice@northfield.example'. Empty: nobody has a reason to look at it.
ALTER TABLE canaries ADD COLUMN meant TEXT NOT NULL DEFAULT '';
