-- What a person says of what was asked in their name through an application, after a
-- step-up: that it was they, or that it was not.
ALTER TABLE restraints ADD COLUMN confirmed INTEGER CHECK (confirmed >= start);
ALTER TABLE restraints ADD COLUMN denied INTEGER CHECK (denied >= start);

-- Who planted a customer, and who withdrew it.
ALTER TABLE canaries ADD COLUMN planted_by INTEGER REFERENCES people (id);
ALTER TABLE canaries ADD COLUMN withdrawn_by INTEGER REFERENCES people (id);
