BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('89aa6f9639f9');
CREATE TABLE attachment_specs (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	attachment_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	FOREIGN KEY(attachment_id) REFERENCES volume_attachment (id)
);
CREATE TABLE backup_metadata (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	backup_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	FOREIGN KEY(backup_id) REFERENCES backups (id)
);
CREATE TABLE backups (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	host VARCHAR(255), 
	availability_zone VARCHAR(255), 
	display_name VARCHAR(255), 
	display_description VARCHAR(255), 
	container VARCHAR(255), 
	status VARCHAR(255), 
	fail_reason VARCHAR(255), 
	service_metadata VARCHAR(255), 
	service VARCHAR(255), 
	size INTEGER, 
	object_count INTEGER, 
	parent_id VARCHAR(36), 
	temp_volume_id VARCHAR(36), 
	temp_snapshot_id VARCHAR(36), 
	num_dependent_backups INTEGER, 
	snapshot_id VARCHAR(36), 
	data_timestamp DATETIME, 
	restore_volume_id VARCHAR(36), 
	encryption_key_id VARCHAR(36), 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1))
);
CREATE TABLE cgsnapshots (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	consistencygroup_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	name VARCHAR(255), 
	description VARCHAR(255), 
	status VARCHAR(255), 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1)), 
	FOREIGN KEY(consistencygroup_id) REFERENCES consistencygroups (id)
);
CREATE TABLE cinderlib_persistence_key_value (
	"key" VARCHAR(255) NOT NULL, 
	value TEXT, 
	PRIMARY KEY ("key")
);
INSERT INTO "cinderlib_persistence_key_value" VALUES('node-7','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "cinderlib_persistence_key_value" VALUES('empty','');
INSERT INTO "cinderlib_persistence_key_value" VALUES('nothing',NULL);
CREATE TABLE clusters (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	binary VARCHAR(255) NOT NULL, 
	disabled BOOLEAN, 
	disabled_reason VARCHAR(255), 
	race_preventer INTEGER NOT NULL, 
	replication_status VARCHAR(36), 
	active_backend_id VARCHAR(255), 
	frozen BOOLEAN DEFAULT (0) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name, binary, race_preventer)
);
CREATE TABLE consistencygroups (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	host VARCHAR(255), 
	availability_zone VARCHAR(255), 
	name VARCHAR(255), 
	description VARCHAR(255), 
	volume_type_id VARCHAR(255), 
	status VARCHAR(255), 
	cgsnapshot_id VARCHAR(36), 
	source_cgid VARCHAR(36), 
	cluster_name VARCHAR(255), 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1))
);
CREATE TABLE default_volume_types (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	volume_type_id VARCHAR(36), 
	project_id VARCHAR(255) NOT NULL, 
	deleted BOOLEAN, 
	PRIMARY KEY (project_id), 
	FOREIGN KEY(volume_type_id) REFERENCES volume_types (id), 
	CHECK (deleted IN (0, 1))
);
CREATE TABLE driver_initiator_data (
	created_at DATETIME, 
	updated_at DATETIME, 
	id INTEGER NOT NULL, 
	initiator VARCHAR(255) NOT NULL, 
	namespace VARCHAR(255) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	UNIQUE (initiator, namespace, "key")
);
CREATE TABLE encryption (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	cipher VARCHAR(255), 
	control_location VARCHAR(255), 
	key_size INTEGER, 
	provider VARCHAR(255), 
	volume_type_id VARCHAR(36) NOT NULL, 
	encryption_id VARCHAR(36), 
	PRIMARY KEY (encryption_id), 
	CHECK (deleted IN (0, 1))
);
CREATE TABLE group_snapshots (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	group_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	name VARCHAR(255), 
	description VARCHAR(255), 
	status VARCHAR(255), 
	group_type_id VARCHAR(36), 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1)), 
	FOREIGN KEY(group_id) REFERENCES groups (id)
);
CREATE TABLE group_type_projects (
	id INTEGER NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	group_type_id VARCHAR(36), 
	project_id VARCHAR(255), 
	deleted BOOLEAN, 
	PRIMARY KEY (id), 
	UNIQUE (group_type_id, project_id, deleted), 
	FOREIGN KEY(group_type_id) REFERENCES group_types (id), 
	CHECK (deleted IN (0, 1))
);
CREATE TABLE group_type_specs (
	id INTEGER NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	group_type_id VARCHAR(36) NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	PRIMARY KEY (id), 
	FOREIGN KEY(group_type_id) REFERENCES group_types (id)
);
INSERT INTO "group_type_specs" VALUES(1,'consistent_group_snapshot_enabled','<is> True','82a0eae0-bd4f-4e97-bb6a-b6e76ee0dd6c','2026-11-21 15:29:48.986576','2026-11-21 15:29:48.986576',NULL,0);
CREATE TABLE group_types (
	id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description VARCHAR(255), 
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	is_public BOOLEAN, 
	PRIMARY KEY (id)
);
INSERT INTO "group_types" VALUES('82a0eae0-bd4f-4e97-bb6a-b6e76ee0dd6c','default_cgsnapshot_type','Default group type for migrating cgsnapshot','2026-11-21 15:29:48.986576','2026-11-21 15:29:48.986576',NULL,0,1);
CREATE TABLE group_volume_type_mapping (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	volume_type_id VARCHAR(36) NOT NULL, 
	group_id VARCHAR(36) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(volume_type_id) REFERENCES volume_types (id), 
	FOREIGN KEY(group_id) REFERENCES groups (id)
);
CREATE TABLE groups (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	cluster_name VARCHAR(255), 
	host VARCHAR(255), 
	availability_zone VARCHAR(255), 
	name VARCHAR(255), 
	description VARCHAR(255), 
	group_type_id VARCHAR(36), 
	status VARCHAR(255), 
	group_snapshot_id VARCHAR(36), 
	source_group_id VARCHAR(36), 
	replication_status VARCHAR(255), 
	PRIMARY KEY (id)
);
CREATE TABLE image_volume_cache_entries (
	image_updated_at DATETIME, 
	id INTEGER NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	image_id VARCHAR(36) NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	size INTEGER NOT NULL, 
	last_used DATETIME NOT NULL, 
	cluster_name VARCHAR(255), 
	PRIMARY KEY (id)
);
CREATE TABLE messages (
	id VARCHAR(36) NOT NULL, 
	project_id VARCHAR(255) NOT NULL, 
	request_id VARCHAR(255), 
	resource_type VARCHAR(36), 
	resource_uuid VARCHAR(255), 
	event_id VARCHAR(255) NOT NULL, 
	message_level VARCHAR(255) NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	expires_at DATETIME, 
	detail_id VARCHAR(10), 
	action_id VARCHAR(10), 
	PRIMARY KEY (id)
);
CREATE TABLE quality_of_service_specs (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	specs_id VARCHAR(36), 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1)), 
	FOREIGN KEY(specs_id) REFERENCES quality_of_service_specs (id)
);
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.131328','2026-11-21 15:29:49.133545',NULL,0,'c3b5db36-99ac-4e50-b060-07608b090e9f',NULL,'QoS_Specs_Name','c3b5db36-99ac-4e50-b060-07608b090e9f');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.131977',NULL,NULL,0,'fd72b5f9-49ed-4726-9274-387fb02e9612','d1934ec7-4190-43aa-962f-20895d572171','consumer','back-end');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.132361',NULL,NULL,0,'1f7eabd5-0d15-481c-b8df-882ce7fafc72','d1934ec7-4190-43aa-962f-20895d572171','maxIOPS','1000');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.132582',NULL,NULL,0,'bbb12d0f-2d54-4f5d-83a4-358b9fdba3d0','d1934ec7-4190-43aa-962f-20895d572171','minIOPS','100');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.197948','2026-11-21 15:29:49.198882',NULL,0,'769610e8-22ea-4da2-b4e1-c67c627c6312',NULL,'QoS_Specs_Name','769610e8-22ea-4da2-b4e1-c67c627c6312');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.198269',NULL,NULL,0,'1aaa4b7e-a1e0-4844-82a8-2f9d9712b22d','9ee2965c-27a9-45ad-aad6-279bf367be18','consumer','back-end');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:29:49.198449',NULL,NULL,0,'cba4ffb7-351b-4678-9763-4229e56509d8','9ee2965c-27a9-45ad-aad6-279bf367be18','maxIOPS','7');
CREATE TABLE quota_classes (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	class_name VARCHAR(255), 
	resource VARCHAR(255), 
	hard_limit INTEGER, 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1))
);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:29:48.946981',NULL,NULL,0,1,'default','volumes',10);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:29:48.946981',NULL,NULL,0,2,'default','snapshots',10);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:29:48.946981',NULL,NULL,0,3,'default','gigabytes',1000);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:29:48.946981',NULL,NULL,0,4,'default','consistencygroups',10);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:29:48.946981',NULL,NULL,0,5,'default','per_volume_gigabytes',-1);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:29:48.946981',NULL,NULL,0,6,'default','groups',10);
CREATE TABLE "quota_usages" (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	project_id VARCHAR(255), 
	resource VARCHAR(300), 
	in_use INTEGER NOT NULL, 
	reserved INTEGER NOT NULL, 
	until_refresh INTEGER, 
	race_preventer BOOLEAN, 
	PRIMARY KEY (id), 
	UNIQUE (project_id, resource, race_preventer)
);
CREATE TABLE quotas (
	id INTEGER NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	project_id VARCHAR(255), 
	resource VARCHAR(255) NOT NULL, 
	hard_limit INTEGER, 
	allocated INTEGER, 
	PRIMARY KEY (id)
);
CREATE TABLE reservations (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	uuid VARCHAR(36) NOT NULL, 
	usage_id INTEGER, 
	project_id VARCHAR(255), 
	resource VARCHAR(255), 
	delta INTEGER NOT NULL, 
	expire DATETIME, 
	allocated_id INTEGER, 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1)), 
	FOREIGN KEY(usage_id) REFERENCES quota_usages (id), 
	FOREIGN KEY(allocated_id) REFERENCES quotas (id)
);
CREATE TABLE services (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	host VARCHAR(255), 
	binary VARCHAR(255), 
	topic VARCHAR(255), 
	report_count INTEGER NOT NULL, 
	disabled BOOLEAN, 
	availability_zone VARCHAR(255), 
	disabled_reason VARCHAR(255), 
	modified_at DATETIME, 
	rpc_current_version VARCHAR(36), 
	object_current_version VARCHAR(36), 
	replication_status VARCHAR(36), 
	frozen BOOLEAN, 
	active_backend_id VARCHAR(255), 
	cluster_name VARCHAR(255), 
	uuid VARCHAR(36), 
	PRIMARY KEY (id)
);
CREATE TABLE snapshot_metadata (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	snapshot_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	FOREIGN KEY(snapshot_id) REFERENCES snapshots (id)
);
INSERT INTO "snapshot_metadata" VALUES('2026-11-21 15:29:49.160586',NULL,NULL,0,1,'b17bea1c-7bb3-47cf-9dfa-d81a25ee96d3','why','upgrade');
CREATE TABLE snapshots (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	status VARCHAR(255), 
	progress VARCHAR(255), 
	volume_size INTEGER, 
	scheduled_at DATETIME, 
	display_name VARCHAR(255), 
	display_description VARCHAR(255), 
	provider_location VARCHAR(255), 
	encryption_key_id VARCHAR(36), 
	volume_type_id VARCHAR(36) NOT NULL, 
	cgsnapshot_id VARCHAR(36), 
	provider_id VARCHAR(255), 
	provider_auth VARCHAR(255), 
	group_snapshot_id VARCHAR(36), 
	use_quota BOOLEAN, 
	PRIMARY KEY (id), 
	CONSTRAINT snapshots_volume_id_fkey FOREIGN KEY(volume_id) REFERENCES volumes (id), 
	FOREIGN KEY(cgsnapshot_id) REFERENCES cgsnapshots (id), 
	FOREIGN KEY(group_snapshot_id) REFERENCES group_snapshots (id)
);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.157622',NULL,NULL,0,'b17bea1c-7bb3-47cf-9dfa-d81a25ee96d3','0f0f0f0f-1111-4000-8000-000000000001','cinderlib','cinderlib','available','fast',1,NULL,'before','the upgrade','snapshots/snapshot-b17bea1c-7bb3-47cf-9dfa-d81a25ee96d3',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,'array-b17bea1c',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.180384',NULL,NULL,0,'15d890e3-0d18-438c-97f5-c8609b4faee2','a2fab568-be0f-4994-8697-11b90277916b','cinderlib','cinderlib','available','fast',2,NULL,'of-copy','','snapshots/snapshot-15d890e3-0d18-438c-97f5-c8609b4faee2',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,'array-15d890e3',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.356938',NULL,NULL,0,'0c4735d3-645c-4e92-b6c6-622c30caf6aa','9a318146-3aa2-451c-9bf8-a136ab14bfc6','cinderlib','cinderlib','available','files',1,NULL,'child','','snapshots/snapshot-0c4735d3-645c-4e92-b6c6-622c30caf6aa',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,'array-0c4735d3',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.363215','2026-11-21 15:29:49.367678',NULL,0,'71c8a2c3-9811-425f-bdf8-9ceab1d56d96','9a318146-3aa2-451c-9bf8-a136ab14bfc6','cinderlib','cinderlib','error_deleting','files',1,NULL,'stuck','','snapshots/snapshot-71c8a2c3-9811-425f-bdf8-9ceab1d56d96',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,'array-71c8a2c3',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.369471','2026-11-21 15:29:49.373827',NULL,0,'e534cff0-a724-4392-ac99-32ee17e7922e','9a318146-3aa2-451c-9bf8-a136ab14bfc6','cinderlib','cinderlib','deleting','files',1,NULL,'half-gone','','snapshots/snapshot-e534cff0-a724-4392-ac99-32ee17e7922e',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,'array-e534cff0',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.375535',NULL,NULL,0,'6a85393a-1d9f-49bd-ad81-294854a8fdc6','9a318146-3aa2-451c-9bf8-a136ab14bfc6','cinderlib','cinderlib','creating','files',1,NULL,'half-made',NULL,NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,NULL,NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:29:49.394004',NULL,'2026-11-21 15:29:49.412523',1,'743d09ce-1463-48a2-b872-d2814ce59f33','fd2fd4ed-f36a-4f66-b835-1077b762f5f2','cinderlib','cinderlib','deleted','fast',1,NULL,'soft-gone','','snapshots/snapshot-743d09ce-1463-48a2-b872-d2814ce59f33',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,'array-743d09ce',NULL,NULL,1);
CREATE TABLE transfers (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	display_name VARCHAR(255), 
	salt VARCHAR(255), 
	crypt_hash VARCHAR(255), 
	expires_at DATETIME, 
	no_snapshots BOOLEAN, 
	source_project_id VARCHAR(255), 
	destination_project_id VARCHAR(255), 
	accepted BOOLEAN, 
	PRIMARY KEY (id), 
	FOREIGN KEY(volume_id) REFERENCES volumes (id)
);
CREATE TABLE volume_admin_metadata (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	FOREIGN KEY(volume_id) REFERENCES volumes (id)
);
INSERT INTO "volume_admin_metadata" VALUES('2026-11-21 15:29:49.137853',NULL,NULL,0,1,'c3b5db36-99ac-4e50-b060-07608b090e9f','readonly','False');
CREATE TABLE volume_attachment (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	attached_host VARCHAR(255), 
	instance_uuid VARCHAR(36), 
	mountpoint VARCHAR(255), 
	attach_time DATETIME, 
	detach_time DATETIME, 
	attach_mode VARCHAR(36), 
	attach_status VARCHAR(255), 
	connection_info TEXT, 
	connector TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(volume_id) REFERENCES volumes (id)
);
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:29:49.210824','2026-11-21 15:29:49.287379',NULL,0,'aea0513f-ae8a-443c-b213-318467cd07d5','0e47918a-d934-4093-8d9b-d9bfb46bacad','node-7-id',NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-0e47918a-d934-4093-8d9b-d9bfb46bacad", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "0e47918a-d934-4093-8d9b-d9bfb46bacad", "auth_method": "CHAP", "auth_username": "user-0e47", "auth_password": "s3cr3t-of-0e47918a", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}, "device": {"type": "block", "scsi_wwn": "360000000000000000e00000000010001", "path": "/dev/sdx"}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:29:49.291931',NULL,NULL,0,'fe54825b-3453-4173-b1d1-71b3b5efda81','0e47918a-d934-4093-8d9b-d9bfb46bacad',NULL,NULL,NULL,NULL,NULL,'ro',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-0e47918a-d934-4093-8d9b-d9bfb46bacad", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "0e47918a-d934-4093-8d9b-d9bfb46bacad", "auth_method": "CHAP", "auth_username": "user-0e47", "auth_password": "s3cr3t-of-0e47918a", "access_mode": "ro", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.8", "host": "node-8", "multipath": false, "initiator": "iqn.2004-10.com.example:node-8", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.8", "host": "node-8", "multipath": false, "initiator": "iqn.2004-10.com.example:node-8", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:29:49.300668',NULL,NULL,0,'2166d3da-e3bf-4035-b551-d67b124a5525','0e47918a-d934-4093-8d9b-d9bfb46bacad',NULL,NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-0e47918a-d934-4093-8d9b-d9bfb46bacad", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "0e47918a-d934-4093-8d9b-d9bfb46bacad", "auth_method": "CHAP", "auth_username": "user-0e47", "auth_password": "s3cr3t-of-0e47918a", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:29:49.313757',NULL,NULL,0,'0e0a1192-accd-42b4-8ed1-5966cc51f7be','4f2e7726-bcbe-4965-8590-8953642e0e4a',NULL,NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-4f2e7726-bcbe-4965-8590-8953642e0e4a", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "4f2e7726-bcbe-4965-8590-8953642e0e4a", "auth_method": "CHAP", "auth_username": "user-4f2e", "auth_password": "s3cr3t-of-4f2e7726", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:29:49.400113',NULL,'2026-11-21 15:29:49.406087',1,'25cd3f01-0770-448e-b817-df58758a58d8','fd2fd4ed-f36a-4f66-b835-1077b762f5f2',NULL,NULL,NULL,NULL,NULL,'rw','deleted','{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-fd2fd4ed-f36a-4f66-b835-1077b762f5f2", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "fd2fd4ed-f36a-4f66-b835-1077b762f5f2", "auth_method": "CHAP", "auth_username": "user-fd2f", "auth_password": "s3cr3t-of-fd2fd4ed", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
CREATE TABLE volume_glance_metadata (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	volume_id VARCHAR(36), 
	snapshot_id VARCHAR(36), 
	"key" VARCHAR(255), 
	value TEXT, 
	PRIMARY KEY (id), 
	CHECK (deleted IN (0, 1)), 
	FOREIGN KEY(volume_id) REFERENCES volumes (id), 
	FOREIGN KEY(snapshot_id) REFERENCES snapshots (id)
);
CREATE TABLE volume_metadata (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	volume_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	FOREIGN KEY(volume_id) REFERENCES volumes (id)
);
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.101525',NULL,NULL,0,1,'0f0f0f0f-1111-4000-8000-000000000001','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.138027',NULL,NULL,0,2,'c3b5db36-99ac-4e50-b060-07608b090e9f','a','1');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.138100',NULL,NULL,0,3,'c3b5db36-99ac-4e50-b060-07608b090e9f','b','2');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.173287',NULL,NULL,0,4,'42b61261-f580-4a73-ba07-f102922fb680','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.178029',NULL,NULL,0,5,'a2fab568-be0f-4994-8697-11b90277916b','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.186355',NULL,NULL,0,6,'43966914-4c86-4ac8-a484-f54d61066b48','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.205683',NULL,NULL,0,7,'0e47918a-d934-4093-8d9b-d9bfb46bacad','a','1');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:29:49.391537',NULL,'2026-11-21 15:29:49.416343',1,8,'fd2fd4ed-f36a-4f66-b835-1077b762f5f2','a','1');
CREATE TABLE volume_type_extra_specs (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	volume_type_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255), 
	value VARCHAR(255), 
	PRIMARY KEY (id), 
	CONSTRAINT volume_type_extra_specs_ibfk_1 FOREIGN KEY(volume_type_id) REFERENCES volume_types (id)
);
INSERT INTO "volume_type_extra_specs" VALUES('2026-11-21 15:29:49.138808',NULL,NULL,0,1,'c3b5db36-99ac-4e50-b060-07608b090e9f','thin','true');
INSERT INTO "volume_type_extra_specs" VALUES('2026-11-21 15:29:49.138924',NULL,NULL,0,2,'c3b5db36-99ac-4e50-b060-07608b090e9f','compression','<is> False');
INSERT INTO "volume_type_extra_specs" VALUES('2026-11-21 15:29:49.200951',NULL,NULL,0,3,'769610e8-22ea-4da2-b4e1-c67c627c6312','thin','true');
CREATE TABLE volume_type_projects (
	id INTEGER NOT NULL, 
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	volume_type_id VARCHAR(36), 
	project_id VARCHAR(255), 
	deleted INTEGER, 
	PRIMARY KEY (id), 
	UNIQUE (volume_type_id, project_id, deleted), 
	FOREIGN KEY(volume_type_id) REFERENCES volume_types (id)
);
CREATE TABLE volume_types (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	name VARCHAR(255), 
	qos_specs_id VARCHAR(36), 
	is_public BOOLEAN, 
	description VARCHAR(255), 
	PRIMARY KEY (id), 
	FOREIGN KEY(qos_specs_id) REFERENCES quality_of_service_specs (id)
);
INSERT INTO "volume_types" VALUES('2026-11-21 15:29:48.986576','2026-11-21 15:29:48.986576',NULL,0,'02f5836f-54c9-4dc8-8b56-feff8a340249','__DEFAULT__',NULL,1,'Default Volume Type');
INSERT INTO "volume_types" VALUES('2026-11-21 15:29:49.138360',NULL,NULL,0,'c3b5db36-99ac-4e50-b060-07608b090e9f','c3b5db36-99ac-4e50-b060-07608b090e9f',NULL,1,NULL);
INSERT INTO "volume_types" VALUES('2026-11-21 15:29:49.200822',NULL,NULL,0,'769610e8-22ea-4da2-b4e1-c67c627c6312','769610e8-22ea-4da2-b4e1-c67c627c6312',NULL,1,NULL);
CREATE TABLE "volumes" (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id VARCHAR(36) NOT NULL, 
	ec2_id VARCHAR(255), 
	user_id VARCHAR(255), 
	project_id VARCHAR(255), 
	host VARCHAR(255), 
	size INTEGER, 
	availability_zone VARCHAR(255), 
	status VARCHAR(255), 
	attach_status VARCHAR(255), 
	scheduled_at DATETIME, 
	launched_at DATETIME, 
	terminated_at DATETIME, 
	display_name VARCHAR(255), 
	display_description VARCHAR(255), 
	provider_location VARCHAR(256), 
	provider_auth VARCHAR(256), 
	snapshot_id VARCHAR(36), 
	volume_type_id VARCHAR(36) NOT NULL, 
	source_volid VARCHAR(36), 
	bootable BOOLEAN, 
	provider_geometry VARCHAR(255), 
	_name_id VARCHAR(36), 
	encryption_key_id VARCHAR(36), 
	migration_status VARCHAR(255), 
	replication_status VARCHAR(255), 
	replication_extended_status VARCHAR(255), 
	replication_driver_data VARCHAR(255), 
	consistencygroup_id VARCHAR(36), 
	provider_id VARCHAR(255), 
	multiattach BOOLEAN, 
	previous_status VARCHAR(255), 
	cluster_name VARCHAR(255), 
	group_id VARCHAR(36), 
	service_uuid VARCHAR(36), 
	shared_targets BOOLEAN, 
	use_quota BOOLEAN, 
	PRIMARY KEY (id), 
	FOREIGN KEY(service_uuid) REFERENCES services (uuid), 
	FOREIGN KEY(group_id) REFERENCES groups (id), 
	FOREIGN KEY(consistencygroup_id) REFERENCES consistencygroups (id)
);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.097078',NULL,NULL,0,'0f0f0f0f-1111-4000-8000-000000000001',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',1,NULL,'available','detached',NULL,NULL,NULL,'plain','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-0f0f0f0f-1111-4000-8000-000000000001 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.120130',NULL,NULL,0,'be26625c-3966-4700-9e8e-01712126c8a6',NULL,'cinderlib','cinderlib','old-machine@fast#silver',1,NULL,'available','detached',NULL,NULL,NULL,'wide','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-be26625c-3966-4700-9e8e-01712126c8a6 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.127463',NULL,NULL,0,'c3b5db36-99ac-4e50-b060-07608b090e9f',NULL,'cinderlib','cinderlib','old-machine@fast#silver',2,NULL,'available','detached',NULL,NULL,NULL,'special','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-c3b5db36-99ac-4e50-b060-07608b090e9f 0',NULL,NULL,'c3b5db36-99ac-4e50-b060-07608b090e9f',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.144373',NULL,NULL,0,'22d09a7d-cc23-4d39-b828-a74fbf21be3a',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,'zone-a','available','detached',NULL,NULL,NULL,'boot','boots','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-22d09a7d-cc23-4d39-b828-a74fbf21be3a 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.151098',NULL,NULL,0,'04077f3c-f06d-4af0-810a-0141a2b710d5',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'available','detached',NULL,NULL,NULL,'','Käse ✓ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-04077f3c-f06d-4af0-810a-0141a2b710d5 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.097078',NULL,NULL,0,'42b61261-f580-4a73-ba07-f102922fb680',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',2,NULL,'available','detached',NULL,NULL,NULL,'restored','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-42b61261-f580-4a73-ba07-f102922fb680 0',NULL,'b17bea1c-7bb3-47cf-9dfa-d81a25ee96d3','02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.097078',NULL,NULL,0,'a2fab568-be0f-4994-8697-11b90277916b',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',2,NULL,'available','detached',NULL,NULL,NULL,'copy','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-a2fab568-be0f-4994-8697-11b90277916b 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249','0f0f0f0f-1111-4000-8000-000000000001',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.097078',NULL,NULL,0,'43966914-4c86-4ac8-a484-f54d61066b48',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',2,NULL,'available','detached',NULL,NULL,NULL,'of-both','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-43966914-4c86-4ac8-a484-f54d61066b48 0',NULL,'15d890e3-0d18-438c-97f5-c8609b4faee2','02f5836f-54c9-4dc8-8b56-feff8a340249','0f0f0f0f-1111-4000-8000-000000000001',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.188869','2026-11-21 15:29:49.194219',NULL,0,'d062937d-64f9-400d-b3c0-6c3cac203247',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'available','detached',NULL,NULL,NULL,'migrated','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-d062937d-64f9-400d-b3c0-6c3cac203247 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,'0f0f0f0f-2222-4000-8000-000000000002',NULL,NULL,'disabled',NULL,NULL,NULL,'array-17',0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.196076','2026-11-21 15:29:52.264855',NULL,0,'769610e8-22ea-4da2-b4e1-c67c627c6312',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',3,NULL,'available','detached',NULL,NULL,NULL,'forgetful','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-769610e8-22ea-4da2-b4e1-c67c627c6312 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.203561','2026-11-21 15:29:49.304809',NULL,0,'0e47918a-d934-4093-8d9b-d9bfb46bacad',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',1,NULL,'in-use','detached',NULL,NULL,NULL,'used','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-0e47918a-d934-4093-8d9b-d9bfb46bacad 0','CHAP user-0e47 s3cr3t-of-0e47918a',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.323489',NULL,NULL,0,'d88ab0f2-7de0-45f8-b75b-f304ca040bb7',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'error','detached',NULL,NULL,NULL,'broken','',NULL,NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.327745',NULL,NULL,0,'d56e7f96-042c-4bff-88d6-91455fd77e24',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'creating','detached',NULL,NULL,NULL,'half-made',NULL,NULL,NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.331908','2026-11-21 15:29:49.336792',NULL,0,'e491c370-b5bc-4d86-ba73-c7e1f1847525',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'deleting','detached',NULL,NULL,NULL,'half-gone','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-e491c370-b5bc-4d86-ba73-c7e1f1847525 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.338538','2026-11-21 15:29:49.343714',NULL,0,'1b0dd33d-624f-4767-a4cf-5d59d6f0119e',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'error_deleting','detached',NULL,NULL,NULL,'stuck','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-1b0dd33d-624f-4767-a4cf-5d59d6f0119e 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.345613','2026-11-21 15:29:49.350797',NULL,0,'242d69ec-a6b7-46fb-829a-a7a3813d754d',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'error','detached',NULL,NULL,NULL,'stiff','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-242d69ec-a6b7-46fb-829a-a7a3813d754d 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'available',NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.352686','2026-11-21 15:29:49.361382',NULL,0,'9a318146-3aa2-451c-9bf8-a136ab14bfc6',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'deleted','detached',NULL,NULL,NULL,'parent','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-9a318146-3aa2-451c-9bf8-a136ab14bfc6 0',NULL,NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:29:49.389381','2026-11-21 15:29:49.410637','2026-11-21 15:29:49.416343',1,'fd2fd4ed-f36a-4f66-b835-1077b762f5f2',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',1,NULL,'deleted','detached',NULL,NULL,NULL,'soft-gone','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-fd2fd4ed-f36a-4f66-b835-1077b762f5f2 0','CHAP user-fd2f s3cr3t-of-fd2fd4ed',NULL,'02f5836f-54c9-4dc8-8b56-feff8a340249',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
CREATE TABLE workers (
	created_at DATETIME, 
	updated_at DATETIME, 
	deleted_at DATETIME, 
	deleted BOOLEAN, 
	id INTEGER NOT NULL, 
	resource_type VARCHAR(40) NOT NULL, 
	resource_id VARCHAR(36) NOT NULL, 
	status VARCHAR(255) NOT NULL, 
	service_id INTEGER, 
	race_preventer INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (resource_type, resource_id), 
	FOREIGN KEY(service_id) REFERENCES services (id)
);
INSERT INTO "workers" VALUES('2026-11-21 15:29:48.000123','2026-11-21 15:29:48.000123',NULL,0,1,'SENTINEL','SUB-SECOND','OK',NULL,0);
CREATE UNIQUE INDEX services_uuid_idx ON services (uuid);
CREATE INDEX ix_cgsnapshots_consistencygroup_id ON cgsnapshots (consistencygroup_id);
CREATE INDEX ix_group_snapshots_group_id ON group_snapshots (group_id);
CREATE INDEX ix_volume_attachment_volume_id ON volume_attachment (volume_id);
CREATE INDEX ix_attachment_specs_attachment_id ON attachment_specs (attachment_id);
CREATE INDEX ix_snapshots_volume_id ON snapshots (volume_id);
CREATE INDEX ix_snapshots_group_snapshot_id ON snapshots (group_snapshot_id);
CREATE INDEX ix_snapshots_cgsnapshot_id ON snapshots (cgsnapshot_id);
CREATE INDEX ix_snapshot_metadata_snapshot_id ON snapshot_metadata (snapshot_id);
CREATE INDEX ix_quality_of_service_specs_specs_id ON quality_of_service_specs (specs_id);
CREATE INDEX ix_volume_types_qos_specs_id ON volume_types (qos_specs_id);
CREATE INDEX ix_volume_metadata_volume_id ON volume_metadata (volume_id);
CREATE INDEX ix_volume_type_extra_specs_volume_type_id ON volume_type_extra_specs (volume_type_id);
CREATE INDEX ix_quota_classes_class_name ON quota_classes (class_name);
CREATE INDEX ix_reservations_usage_id ON reservations (usage_id);
CREATE INDEX ix_reservations_allocated_id ON reservations (allocated_id);
CREATE INDEX reservations_deleted_uuid_idx ON reservations (deleted, uuid);
CREATE INDEX ix_reservations_project_id ON reservations (project_id);
CREATE INDEX reservations_deleted_expire_idx ON reservations (deleted, expire);
CREATE INDEX ix_volume_glance_metadata_volume_id ON volume_glance_metadata (volume_id);
CREATE INDEX ix_volume_glance_metadata_snapshot_id ON volume_glance_metadata (snapshot_id);
CREATE INDEX ix_backup_metadata_backup_id ON backup_metadata (backup_id);
CREATE INDEX ix_transfers_volume_id ON transfers (volume_id);
CREATE INDEX ix_volume_admin_metadata_volume_id ON volume_admin_metadata (volume_id);
CREATE INDEX ix_driver_initiator_data_initiator ON driver_initiator_data (initiator);
CREATE INDEX ix_image_volume_cache_entries_host ON image_volume_cache_entries (host);
CREATE INDEX ix_image_volume_cache_entries_image_id ON image_volume_cache_entries (image_id);
CREATE INDEX ix_messages_expires_at ON messages (expires_at);
CREATE INDEX ix_workers_service_id ON workers (service_id);
CREATE INDEX ix_group_type_specs_group_type_id ON group_type_specs (group_type_id);
CREATE INDEX ix_group_volume_type_mapping_volume_type_id ON group_volume_type_mapping (volume_type_id);
CREATE INDEX ix_group_volume_type_mapping_group_id ON group_volume_type_mapping (group_id);
CREATE INDEX ix_default_volume_types_volume_type_id ON default_volume_types (volume_type_id);
CREATE INDEX ix_quota_usages_project_id ON quota_usages (project_id);
CREATE INDEX quota_usage_project_resource_idx ON quota_usages (project_id, resource);
CREATE INDEX ix_volumes_group_id ON volumes (group_id);
CREATE INDEX ix_volumes_consistencygroup_id ON volumes (consistencygroup_id);
CREATE INDEX volumes_service_uuid_idx ON volumes (service_uuid, deleted);
CREATE INDEX groups_deleted_project_id_idx ON groups (deleted, project_id);
CREATE INDEX group_snapshots_deleted_project_id_idx ON group_snapshots (deleted, project_id);
CREATE INDEX volumes_deleted_project_id_idx ON volumes (deleted, project_id);
CREATE INDEX volumes_deleted_host_idx ON volumes (deleted, host);
CREATE INDEX backups_deleted_project_id_idx ON backups (deleted, project_id);
CREATE INDEX snapshots_deleted_project_id_idx ON snapshots (deleted, project_id);
COMMIT;
