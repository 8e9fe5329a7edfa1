BEGIN TRANSACTION;
CREATE TABLE annealing_claim (
	id TEXT NOT NULL, 
	study INTEGER NOT NULL, 
	worker TEXT NOT NULL, 
	host TEXT NOT NULL, 
	process TEXT NOT NULL, 
	until DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(study) REFERENCES annealing_study (id)
);
CREATE TABLE annealing_point (
	run INTEGER NOT NULL, 
	updates INTEGER NOT NULL, 
	train_loss BLOB, 
	valid_loss BLOB, 
	rate BLOB, 
	PRIMARY KEY (run, updates), 
	FOREIGN KEY(run) REFERENCES annealing_run (id)
)
 WITHOUT ROWID

;
INSERT INTO "annealing_point" VALUES(1,20,1.0,0.5,0.1);
INSERT INTO "annealing_point" VALUES(1,40,0.5,0.25,0.1);
INSERT INTO "annealing_point" VALUES(2,20,1.0,0.5,0.1);
INSERT INTO "annealing_point" VALUES(2,40,X'7FF8000000000000',X'7FF8000000000000',0.1);
CREATE TABLE annealing_run (
	id INTEGER NOT NULL, 
	study INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	bracket INTEGER, 
	candidate TEXT NOT NULL, 
	seed BIGINT NOT NULL, 
	role TEXT NOT NULL, 
	state TEXT NOT NULL, 
	claim TEXT, 
	worker TEXT, 
	loss BLOB, 
	metrics TEXT, 
	diverged BOOLEAN, 
	cut BOOLEAN, 
	seconds DOUBLE, 
	updates INTEGER, 
	PRIMARY KEY (id), 
	UNIQUE (study, round, place), 
	FOREIGN KEY(study) REFERENCES annealing_study (id), 
	FOREIGN KEY(claim) REFERENCES annealing_claim (id)
);
INSERT INTO "annealing_run" VALUES(1,1,0,0,0,'{"lr": 0.1}',0,'tuning','done',NULL,'me',0.25,'{"accuracy": 0.9}',0,0,1.5,40);
INSERT INTO "annealing_run" VALUES(2,1,0,1,0,'{"lr": 0.05}',0,'tuning','done',NULL,'me',9e999,'{"accuracy": "7ff8000000000000"}',1,0,1.0,40);
INSERT INTO "annealing_run" VALUES(3,1,0,2,1,'{"lr": 0.1}',0,'tuning','waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "annealing_run" VALUES(4,1,0,3,1,'{"lr": 0.05}',0,'tuning','waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE annealing_study (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	definition TEXT NOT NULL, 
	version TEXT NOT NULL, 
	created DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "annealing_study" VALUES(1,'first','{"task": {"the model": "c4c7"}, "updates": 40}','0.1.0',1.79565756347802448272e+09);
CREATE TABLE annealing_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT annealing_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "annealing_version" VALUES('0001');
CREATE INDEX annealing_run_state ON annealing_run (study, state, round, place);
COMMIT;
