-- They were moved into runs (src/episodes/convert.rs) behind the step before.
DROP TABLE episode;
DROP TABLE episode_text;
