-- Which request or emergency a grant came from, asked for whenever rights are read.
CREATE UNIQUE INDEX requests_given ON requests (given) WHERE given IS NOT NULL;
CREATE UNIQUE INDEX break_glass_given ON break_glass (given);
