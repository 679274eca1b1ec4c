package org.elasticsearch.plugins; // for PluginsService.LoadedPlugin

import java.nio.file.Path;
import java.util.*;
import java.util.concurrent.*;
import java.util.function.Supplier;
import org.elasticsearch.Build;
import org.elasticsearch.Version;
import org.elasticsearch.action.admin.cluster.state.*;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.*;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.jdk.ModuleQualifiedExportsService;
import org.elasticsearch.node.*;
import org.elasticsearch.rest.*;
import org.elasticsearch.rest.action.RestBuilderListener;
import org.elasticsearch.transport.netty4.Netty4Plugin;
import org.elasticsearch.xcontent.XContentBuilder;

/** Elasticsearch node from the jars on Maven Central. Settings: elasticsearch.yml, environment entries with a dot, -Ekey=value. */
public class ElasticsearchNode {
    public static void main(String[] args) throws Exception {
        Map<String, String> s = new HashMap<>();
        System.getenv().forEach((k, v) -> { if (k.matches("[a-z0-9_]+(\\.[a-z0-9_]+)+")) s.put(k, v); });
        for (String a : args) if (a.startsWith("-E")) { String[] kv = a.substring(2).split("=", 2); s.put(kv[0], kv[1]); }
        Path home = Path.of(System.getProperty("es.path.home"));
        Environment env = InternalSettingsPreparer.prepareEnvironment(Settings.builder().put("path.home", home).build(), s,
            home.resolve("config"), () -> System.getenv().getOrDefault("HOSTNAME", "node"));
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(env.settings()));
        LogConfigurator.configure(env, true);
        Node node = new Node(env, settings -> new PluginsService(settings, env.configFile(), null, null) {
            final List<LoadedPlugin> loaded = List.of(load(new Netty4Plugin()), load(new Root()));
            @Override protected List<LoadedPlugin> plugins() { return loaded; }
            @Override protected void addServerExportsService(Map<String, List<ModuleQualifiedExportsService>> q) {} // needs the module path
        }, true) {};
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try { node.prepareForClose(); node.close(); node.awaitClose(10, TimeUnit.SECONDS); } catch (Exception e) { e.printStackTrace(); }
        }));
        node.start();
        new CountDownLatch(1).await();
    }

    static PluginsService.LoadedPlugin load(Plugin p) {
        return new PluginsService.LoadedPlugin(new PluginDescriptor(p.getClass().getName(), "classpath plugin", "NA", Version.CURRENT,
            "17", p.getClass().getName(), null, List.of(), false, false, false, false), p);
    }

    /** GET / and HEAD /, which the module rest-root (not on Maven Central) gives in the official distribution. */
    public static class Root extends Plugin implements ActionPlugin {
        /** People pass xpack.security.enabled=false to the official image: take that, refuse true, as there is no x-pack here. */
        @Override public List<Setting<?>> getSettings() {
            return List.of(Setting.boolSetting("xpack.security.enabled", false, v -> {
                if (v) throw new IllegalArgumentException("no x-pack in this build");
            }, Setting.Property.NodeScope));
        }
        @Override public List<RestHandler> getRestHandlers(Settings settings, RestController c, ClusterSettings cs, IndexScopedSettings is,
                SettingsFilter f, IndexNameExpressionResolver r, Supplier<DiscoveryNodes> nodes) {
            return List.of(new BaseRestHandler() {
                @Override public String getName() { return "main_action"; }
                @Override public List<Route> routes() {
                    return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
                }
                @Override protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
                    return ch -> client.admin().cluster().state(new ClusterStateRequest().clear().metadata(true).local(true), new RestBuilderListener<>(ch) {
                        @Override public RestResponse buildResponse(ClusterStateResponse st, XContentBuilder b) throws Exception {
                            Build v = Build.current();
                            b.startObject().field("name", Node.NODE_NAME_SETTING.get(settings)).field("cluster_name", st.getClusterName().value())
                                .field("cluster_uuid", st.getState().metadata().clusterUUID()).startObject("version").field("number", v.qualifiedVersion())
                                .field("build_flavor", v.flavor()).field("build_type", v.type().displayName()).field("build_hash", v.hash())
                                .field("build_date", v.date()).field("build_snapshot", v.isSnapshot())
                                .field("lucene_version", IndexVersion.current().luceneVersion().toString())
                                .field("minimum_wire_compatibility_version", v.minWireCompatVersion())
                                .field("minimum_index_compatibility_version", v.minIndexCompatVersion()).endObject()
                                .field("tagline", "You Know, for Search").endObject();
                            return new RestResponse(RestStatus.OK, b);
                        }
                    });
                }
            });
        }
    }
}
