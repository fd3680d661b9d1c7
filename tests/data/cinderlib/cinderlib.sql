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
INSERT INTO "group_type_specs" VALUES(1,'consistent_group_snapshot_enabled','<is> True','eb55bc71-9761-4481-ad00-31afe9d1c568','2026-11-21 15:47:53.673661','2026-11-21 15:47:53.673661',NULL,0);
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
INSERT INTO "group_types" VALUES('eb55bc71-9761-4481-ad00-31afe9d1c568','default_cgsnapshot_type','Default group type for migrating cgsnapshot','2026-11-21 15:47:53.673661','2026-11-21 15:47:53.673661',NULL,0,1);
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
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:53.944239','2026-11-21 15:47:53.946688',NULL,0,'96231207-4473-47c6-95cd-fc2797229c91',NULL,'QoS_Specs_Name','96231207-4473-47c6-95cd-fc2797229c91');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:53.944871',NULL,NULL,0,'ce2a3dc3-1531-48d2-a0b5-ca67c704e938','d83522f6-bda9-4379-a717-aacc5859404d','consumer','back-end');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:53.945309',NULL,NULL,0,'3bf63d08-0444-4884-b8ea-5b79bfb6c802','d83522f6-bda9-4379-a717-aacc5859404d','maxIOPS','1000');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:53.945544',NULL,NULL,0,'4d7a9c65-9781-4a82-a1e5-6a519c2c0b73','d83522f6-bda9-4379-a717-aacc5859404d','minIOPS','100');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:54.074794','2026-11-21 15:47:54.079137',NULL,0,'9c03900c-b552-4131-a96c-976412b0f3e5',NULL,'QoS_Specs_Name','9c03900c-b552-4131-a96c-976412b0f3e5');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:54.075137',NULL,NULL,0,'76da4c51-6bb4-4dc5-bea9-847d6fe2aca6','699636b3-942c-4699-9316-d680fde61483','consumer','back-end');
INSERT INTO "quality_of_service_specs" VALUES('2026-11-21 15:47:54.075413',NULL,NULL,0,'66201d04-28c6-4902-81f0-4f3d416ad1dc','699636b3-942c-4699-9316-d680fde61483','maxIOPS','7');
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
INSERT INTO "quota_classes" VALUES('2026-11-21 15:47:53.624601',NULL,NULL,0,1,'default','volumes',10);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:47:53.624601',NULL,NULL,0,2,'default','snapshots',10);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:47:53.624601',NULL,NULL,0,3,'default','gigabytes',1000);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:47:53.624601',NULL,NULL,0,4,'default','consistencygroups',10);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:47:53.624601',NULL,NULL,0,5,'default','per_volume_gigabytes',-1);
INSERT INTO "quota_classes" VALUES('2026-11-21 15:47:53.624601',NULL,NULL,0,6,'default','groups',10);
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
INSERT INTO "snapshot_metadata" VALUES('2026-11-21 15:47:54.004847',NULL,NULL,0,1,'87de2fb3-d117-4d99-a07b-055ff7c832fd','why','upgrade');
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
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:53.999909',NULL,NULL,0,'87de2fb3-d117-4d99-a07b-055ff7c832fd','0f0f0f0f-1111-4000-8000-000000000001','cinderlib','cinderlib','available','fast',1,NULL,'before','the upgrade','snapshots/snapshot-87de2fb3-d117-4d99-a07b-055ff7c832fd',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,'array-87de2fb3',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:54.031468',NULL,NULL,0,'ff6ea806-7717-458f-a9e2-8ae45df04915','fcdf1cea-422a-4f81-9cf9-d377ba999f68','cinderlib','cinderlib','available','fast',2,NULL,'of-copy','','snapshots/snapshot-ff6ea806-7717-458f-a9e2-8ae45df04915',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,'array-ff6ea806',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:54.641750',NULL,NULL,0,'69c1bd8c-f4d5-46bc-84ee-be9b63381a7e','44910a1c-e9f4-45dc-b01b-b32e289afe42','cinderlib','cinderlib','available','files',1,NULL,'child','','snapshots/snapshot-69c1bd8c-f4d5-46bc-84ee-be9b63381a7e',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,'array-69c1bd8c',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:54.672432','2026-11-21 15:47:54.699134',NULL,0,'5aae67cb-a8d5-4ecd-878e-46c5a262367c','44910a1c-e9f4-45dc-b01b-b32e289afe42','cinderlib','cinderlib','error_deleting','files',1,NULL,'stuck','','snapshots/snapshot-5aae67cb-a8d5-4ecd-878e-46c5a262367c',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,'array-5aae67cb',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:54.720324','2026-11-21 15:47:54.727433',NULL,0,'1b126a46-2972-4998-b176-095d52165e9b','44910a1c-e9f4-45dc-b01b-b32e289afe42','cinderlib','cinderlib','deleting','files',1,NULL,'half-gone','','snapshots/snapshot-1b126a46-2972-4998-b176-095d52165e9b',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,'array-1b126a46',NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:54.748175',NULL,NULL,0,'d23bb6ee-7d57-4e74-ba45-f220dbb05d3b','44910a1c-e9f4-45dc-b01b-b32e289afe42','cinderlib','cinderlib','creating','files',1,NULL,'half-made',NULL,NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,NULL,NULL,NULL,1);
INSERT INTO "snapshots" VALUES('2026-11-21 15:47:54.808786',NULL,'2026-11-21 15:47:54.862803',1,'5d426340-2380-432b-bb62-85026a08c609','38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51','cinderlib','cinderlib','deleted','fast',1,NULL,'soft-gone','','snapshots/snapshot-5d426340-2380-432b-bb62-85026a08c609',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,'array-5d426340',NULL,NULL,1);
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
INSERT INTO "volume_admin_metadata" VALUES('2026-11-21 15:47:53.958036',NULL,NULL,0,1,'96231207-4473-47c6-95cd-fc2797229c91','readonly','False');
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
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:47:54.107132','2026-11-21 15:47:54.249695',NULL,0,'668b52b6-423c-41a8-9ef0-7cd595c097c4','873e2239-1175-4d24-9f7c-253a96592d67','node-7-id',NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-873e2239-1175-4d24-9f7c-253a96592d67", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "873e2239-1175-4d24-9f7c-253a96592d67", "auth_method": "CHAP", "auth_username": "user-873e", "auth_password": "s3cr3t-of-873e2239", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}, "device": {"type": "block", "scsi_wwn": "360000000000000000e00000000010001", "path": "/dev/sdx"}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:47:54.278068',NULL,NULL,0,'24f16118-090b-4362-9b67-d71360c3dc45','873e2239-1175-4d24-9f7c-253a96592d67',NULL,NULL,NULL,NULL,NULL,'ro',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-873e2239-1175-4d24-9f7c-253a96592d67", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "873e2239-1175-4d24-9f7c-253a96592d67", "auth_method": "CHAP", "auth_username": "user-873e", "auth_password": "s3cr3t-of-873e2239", "access_mode": "ro", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.8", "host": "node-8", "multipath": false, "initiator": "iqn.2004-10.com.example:node-8", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.8", "host": "node-8", "multipath": false, "initiator": "iqn.2004-10.com.example:node-8", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:47:54.305474',NULL,NULL,0,'938561c4-c1eb-4001-a404-d0c59db19b3e','873e2239-1175-4d24-9f7c-253a96592d67',NULL,NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-873e2239-1175-4d24-9f7c-253a96592d67", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "873e2239-1175-4d24-9f7c-253a96592d67", "auth_method": "CHAP", "auth_username": "user-873e", "auth_password": "s3cr3t-of-873e2239", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:47:54.316897',NULL,NULL,0,'34ad9e1f-9e09-4b66-997a-e62de799d7ba','873e2239-1175-4d24-9f7c-253a96592d67',NULL,NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-873e2239-1175-4d24-9f7c-253a96592d67", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "873e2239-1175-4d24-9f7c-253a96592d67", "auth_method": "CHAP", "auth_username": "user-873e", "auth_password": "s3cr3t-of-873e2239", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:47:54.344213',NULL,NULL,0,'cb66790d-98ef-41c8-8fc5-1d7c1cd3be98','01d5e136-bbe9-48a3-b46b-c0bf7e774c8b',NULL,NULL,NULL,NULL,NULL,'rw',NULL,'{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-01d5e136-bbe9-48a3-b46b-c0bf7e774c8b", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "01d5e136-bbe9-48a3-b46b-c0bf7e774c8b", "auth_method": "CHAP", "auth_username": "user-01d5", "auth_password": "s3cr3t-of-01d5e136", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
INSERT INTO "volume_attachment" VALUES('2026-11-21 15:47:54.822466',NULL,'2026-11-21 15:47:54.846482',1,'c4b84627-7a62-487b-8173-8cf299ea94de','38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51',NULL,NULL,NULL,NULL,NULL,'rw','deleted','{"conn": {"driver_volume_type": "iscsi", "data": {"target_discovered": false, "target_iqn": "iqn.2010-10.org.openstack:volume-38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51", "target_portal": "192.0.2.1:3260", "target_lun": 0, "volume_id": "38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51", "auth_method": "CHAP", "auth_username": "user-38b9", "auth_password": "s3cr3t-of-38b9861a", "access_mode": "rw", "encrypted": false}}, "connector": {"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}}','{"platform": "x86_64", "os_type": "linux", "ip": "192.0.2.7", "host": "node-7", "multipath": false, "initiator": "iqn.2004-10.com.example:node-7", "do_local_attach": false}');
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
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:53.868498',NULL,NULL,0,1,'0f0f0f0f-1111-4000-8000-000000000001','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:53.958368',NULL,NULL,0,2,'96231207-4473-47c6-95cd-fc2797229c91','a','1');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:53.958473',NULL,NULL,0,3,'96231207-4473-47c6-95cd-fc2797229c91','b','2');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:54.019090',NULL,NULL,0,4,'b2a25254-b231-4ca0-8c28-667ee9b27ac6','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:54.028272',NULL,NULL,0,5,'fcdf1cea-422a-4f81-9cf9-d377ba999f68','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:54.041185',NULL,NULL,0,6,'c4aec355-0122-4381-b57a-075ffe2eee20','owner','anna');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:54.098887',NULL,NULL,0,7,'873e2239-1175-4d24-9f7c-253a96592d67','a','1');
INSERT INTO "volume_metadata" VALUES('2026-11-21 15:47:54.802931',NULL,'2026-11-21 15:47:54.895575',1,8,'38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51','a','1');
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
INSERT INTO "volume_type_extra_specs" VALUES('2026-11-21 15:47:53.959297',NULL,NULL,0,1,'96231207-4473-47c6-95cd-fc2797229c91','thin','true');
INSERT INTO "volume_type_extra_specs" VALUES('2026-11-21 15:47:53.959411',NULL,NULL,0,2,'96231207-4473-47c6-95cd-fc2797229c91','compression','<is> False');
INSERT INTO "volume_type_extra_specs" VALUES('2026-11-21 15:47:54.083226',NULL,NULL,0,3,'9c03900c-b552-4131-a96c-976412b0f3e5','thin','true');
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
INSERT INTO "volume_types" VALUES('2026-11-21 15:47:53.673661','2026-11-21 15:47:53.673661',NULL,0,'0df7c5ce-6936-42f7-a48e-6db15325b1e9','__DEFAULT__',NULL,1,'Default Volume Type');
INSERT INTO "volume_types" VALUES('2026-11-21 15:47:53.958815',NULL,NULL,0,'96231207-4473-47c6-95cd-fc2797229c91','96231207-4473-47c6-95cd-fc2797229c91',NULL,1,NULL);
INSERT INTO "volume_types" VALUES('2026-11-21 15:47:54.083032',NULL,NULL,0,'9c03900c-b552-4131-a96c-976412b0f3e5','9c03900c-b552-4131-a96c-976412b0f3e5',NULL,1,NULL);
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
	FOREIGN KEY(consistencygroup_id) REFERENCES consistencygroups (id), 
	FOREIGN KEY(group_id) REFERENCES groups (id)
);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.862396',NULL,NULL,0,'0f0f0f0f-1111-4000-8000-000000000001',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',1,NULL,'available','detached',NULL,NULL,NULL,'plain','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-0f0f0f0f-1111-4000-8000-000000000001 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.908489',NULL,NULL,0,'fe3cb641-2301-4e84-a2a2-dde3468ec190',NULL,'cinderlib','cinderlib','old-machine@fast#silver',1,NULL,'available','detached',NULL,NULL,NULL,'wide','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-fe3cb641-2301-4e84-a2a2-dde3468ec190 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.931197',NULL,NULL,0,'96231207-4473-47c6-95cd-fc2797229c91',NULL,'cinderlib','cinderlib','old-machine@fast#silver',2,NULL,'available','detached',NULL,NULL,NULL,'special','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-96231207-4473-47c6-95cd-fc2797229c91 0',NULL,NULL,'96231207-4473-47c6-95cd-fc2797229c91',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.968301',NULL,NULL,0,'a1808c78-2614-4139-8579-feece7065a3b',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,'zone-a','available','detached',NULL,NULL,NULL,'boot','boots','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-a1808c78-2614-4139-8579-feece7065a3b 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.975621',NULL,NULL,0,'2fd27b47-f164-42b5-b2c7-a3cf6291755b',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'available','detached',NULL,NULL,NULL,'','Käse ✓ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-2fd27b47-f164-42b5-b2c7-a3cf6291755b 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.862396',NULL,NULL,0,'b2a25254-b231-4ca0-8c28-667ee9b27ac6',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',2,NULL,'available','detached',NULL,NULL,NULL,'restored','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-b2a25254-b231-4ca0-8c28-667ee9b27ac6 0',NULL,'87de2fb3-d117-4d99-a07b-055ff7c832fd','0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.862396',NULL,NULL,0,'fcdf1cea-422a-4f81-9cf9-d377ba999f68',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',2,NULL,'available','detached',NULL,NULL,NULL,'copy','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-fcdf1cea-422a-4f81-9cf9-d377ba999f68 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9','0f0f0f0f-1111-4000-8000-000000000001',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:53.862396',NULL,NULL,0,'c4aec355-0122-4381-b57a-075ffe2eee20',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',2,NULL,'available','detached',NULL,NULL,NULL,'of-both','Nothing special','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-c4aec355-0122-4381-b57a-075ffe2eee20 0',NULL,'ff6ea806-7717-458f-a9e2-8ae45df04915','0df7c5ce-6936-42f7-a48e-6db15325b1e9','0f0f0f0f-1111-4000-8000-000000000001',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.049732','2026-11-21 15:47:54.061494',NULL,0,'f35e27f2-3bb0-4947-a9c0-8eebbb07610f',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'available','detached',NULL,NULL,NULL,'migrated','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-f35e27f2-3bb0-4947-a9c0-8eebbb07610f 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,'0f0f0f0f-2222-4000-8000-000000000002',NULL,NULL,'disabled',NULL,NULL,NULL,'array-17',0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.072700','2026-11-21 15:48:02.014134',NULL,0,'9c03900c-b552-4131-a96c-976412b0f3e5',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',3,NULL,'available','detached',NULL,NULL,NULL,'forgetful','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-9c03900c-b552-4131-a96c-976412b0f3e5 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.096400','2026-11-21 15:47:54.325546',NULL,0,'873e2239-1175-4d24-9f7c-253a96592d67',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',1,NULL,'in-use','detached',NULL,NULL,NULL,'used','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-873e2239-1175-4d24-9f7c-253a96592d67 0','CHAP user-873e s3cr3t-of-873e2239',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.397432',NULL,NULL,0,'7e8f2e4e-19a2-4072-89f5-a9aa99eee745',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'error','detached',NULL,NULL,NULL,'broken','',NULL,NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.421962',NULL,NULL,0,'63a524ec-dc04-4934-a5f2-8ad35229933c',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'creating','detached',NULL,NULL,NULL,'half-made',NULL,NULL,NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.446308','2026-11-21 15:47:54.471256',NULL,0,'35aca64a-fade-428a-aada-4150ac771374',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'deleting','detached',NULL,NULL,NULL,'half-gone','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-35aca64a-fade-428a-aada-4150ac771374 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.490538','2026-11-21 15:47:54.526485',NULL,0,'7c3de463-ab53-4dea-b675-e4f443946508',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'error_deleting','detached',NULL,NULL,NULL,'stuck','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-7c3de463-ab53-4dea-b675-e4f443946508 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.535607','2026-11-21 15:47:54.544524',NULL,0,'d7562957-1e5d-428b-a6d2-1b1722b8c567',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'error','detached',NULL,NULL,NULL,'stiff','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-d7562957-1e5d-428b-a6d2-1b1722b8c567 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'available',NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.584177','2026-11-21 15:47:54.652208',NULL,0,'44910a1c-e9f4-45dc-b01b-b32e289afe42',NULL,'cinderlib','cinderlib','old-machine@files#bronze',1,NULL,'deleted','detached',NULL,NULL,NULL,'parent','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-44910a1c-e9f4-45dc-b01b-b32e289afe42 0',NULL,NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
INSERT INTO "volumes" VALUES('2026-11-21 15:47:54.800347','2026-11-21 15:47:54.860922','2026-11-21 15:47:54.895575',1,'38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51',NULL,'cinderlib','cinderlib','old-machine@fast#bronze',1,NULL,'deleted','detached',NULL,NULL,NULL,'soft-gone','','192.0.2.1:3260,1 iqn.2010-10.org.openstack:volume-38b9861a-b2ee-4bc8-8a71-e5d3e0a04b51 0','CHAP user-38b9 s3cr3t-of-38b9861a',NULL,'0df7c5ce-6936-42f7-a48e-6db15325b1e9',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,1,1);
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
INSERT INTO "workers" VALUES('2026-11-21 15:47:53.000123','2026-11-21 15:47:53.000123',NULL,0,1,'SENTINEL','SUB-SECOND','OK',NULL,0);
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
CREATE INDEX reservations_deleted_uuid_idx ON reservations (deleted, uuid);
CREATE INDEX ix_reservations_project_id ON reservations (project_id);
CREATE INDEX ix_reservations_allocated_id ON reservations (allocated_id);
CREATE INDEX reservations_deleted_expire_idx ON reservations (deleted, expire);
CREATE INDEX ix_volume_glance_metadata_snapshot_id ON volume_glance_metadata (snapshot_id);
CREATE INDEX ix_volume_glance_metadata_volume_id ON volume_glance_metadata (volume_id);
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
CREATE INDEX ix_volumes_consistencygroup_id ON volumes (consistencygroup_id);
CREATE INDEX volumes_service_uuid_idx ON volumes (service_uuid, deleted);
CREATE INDEX ix_volumes_group_id ON volumes (group_id);
CREATE INDEX groups_deleted_project_id_idx ON groups (deleted, project_id);
CREATE INDEX group_snapshots_deleted_project_id_idx ON group_snapshots (deleted, project_id);
CREATE INDEX volumes_deleted_project_id_idx ON volumes (deleted, project_id);
CREATE INDEX volumes_deleted_host_idx ON volumes (deleted, host);
CREATE INDEX backups_deleted_project_id_idx ON backups (deleted, project_id);
CREATE INDEX snapshots_deleted_project_id_idx ON snapshots (deleted, project_id);
COMMIT;
