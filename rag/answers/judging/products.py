"""Products that questions name in lower case ("restart jenkins"): written down from the field at large, so that a name is known
for one that no document holds. Those that are plain words too (vault, flux) are names where nothing
that was found has the word; else documents tell them by their capitals. `passing` asks.
"""

from __future__ import annotations

PRODUCTS = frozenset(
    """activemq aerospike airflow akamai aks alloydb ansible aptible arangodb argocd artifactory asana atlantis atlassian auth0
    azure backstage bamboo bazel bigquery bigtable bitbucket bitwarden bottlerocket buildkite cassandra ceph chronosphere
    circleci citrix clickhouse cloudflare cloudfoundry cloudinary cockroachdb cognito confluence consul contentful couchbase
    couchdb crossplane cyberark cypress databricks datadog dbt debezium docusign dokku drupal druid dynatrace elasticsearch
    elastic etcd exim fastly firebase flink fluentbit fluentd fortinet freshdesk gerrit ghost gitea github gitlab gke glusterfs
    gradle grafana graylog greenplum hadoop haproxy hashicorp hbase heroku hetzner hive honeycomb hubspot icinga influxdb
    informix intune istio jaeger jboss jenkins jfrog jira joomla kafka karpenter keycloak kibana kotlin kubeflow lambdatest
    launchdarkly liferay linkerd linode logstash logzio loki looker magento mailchimp mailgun mailhog mariadb memcached mesos
    metabase minio mlflow mongo mongodb mssql mulesoft mysql nagios netapp netlify netsuite newrelic nexus nomad nutanix okta
    onelogin openldap opensearch openshift openstack openvpn opsgenie oracle ovh packer pagerduty papertrail percona perforce
    pingdom podman postfix postgres postgresql powerbi powerdns prefect presto prometheus pulsar pulumi puppet qlik rabbitmq
    rackspace rancher redash redis redshift rollbar rundeck sagemaker salesforce saltstack saml sendgrid sentry servicenow
    sharepoint shopify sidekiq sinatra slack snowflake snyk solarwinds solr sonarqube spacelift spinnaker splunk squid
    statuspage stripe sumologic superset supabase symantec tableau talend tanzu teamcity tekton teleport telegraf temporal
    terragrunt thanos tidb tomcat traefik trello trino tyk unifi vagrant varnish veeam velero vercel vertica victoriametrics
    victorops vmware vsphere weblogic websphere wireguard wordpress xen yugabyte zabbix zendesk zipkin zookeeper zoom zscaler
    zuora""".split()
)
WORDS_TOO = frozenset(
    """argo beats boundary brigade cilium chef contour cortex drone envoy falco flux ghost harbor harness hydra istio kong kuma
    kyverno longhorn mimir nats octopus ory piper pinot portainer ranger raven rook salt shield spark storm tempo tines vault
    vector velocity wazuh waypoint weave""".split()
)
